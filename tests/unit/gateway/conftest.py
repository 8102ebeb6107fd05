"""The description of the API as it is committed, and one of a small API of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from grpc_tools import _protoc_compiler

from services.gateway.openapi import Edge, describe

ROOT = Path(__file__).parents[3]
WELL_KNOWN = Path(_protoc_compiler.__file__).parent / "_proto"

LIBRARY = """
syntax = "proto3";
package library.v1;

import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/api/httpbody.proto";
import "google/api/resource.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/timestamp.proto";
import "google/rpc/status.proto";

// Keeps books.
service LibraryService {
  // Gets a book. Returns NOT_FOUND if there is none.
  rpc GetBook(GetBookRequest) returns (Book) {
    option (google.api.http) = {
      get: "/v1/{name=shelves/*/books/*}"
      additional_bindings {get: "/v1/{name=books/*}"}
    };
  }

  // Changes a book: LOST to CANCELLED. Returns ABORTED if the etag is stale.
  rpc UpdateBook(UpdateBookRequest) returns (Book) {
    option (google.api.http) = {patch: "/v1/{book.name=shelves/*/books/*}" body: "book"};
  }

  // Puts a book on a shelf.
  rpc CreateBook(CreateBookRequest) returns (Book) {
    option (google.api.http) = {post: "/v1/{parent=shelves/*}/books" body: "*"};
  }

  // Burns a book.
  rpc BurnBook(GetBookRequest) returns (google.protobuf.Empty) {
    option (google.api.http) = {post: "/v1/{name=shelves/*/books/*}:burn" body: "*"};
  }

  // Scans a book, sent with `Content-Type: application/pdf`.
  rpc ScanBook(stream ScanBookRequest) returns (google.api.HttpBody) {
    option (google.api.http) = {post: "/v1/books:scan" body: "pages"};
  }

  // Follows a shelf.
  rpc WatchShelf(WatchShelfRequest) returns (stream WatchShelfResponse) {
    option (google.api.http) = {get: "/v1/shelves/{shelf_id}:watch"};
  }

  // Has no HTTP.
  rpc Hide(GetBookRequest) returns (Book) {}
}

// A book.
message Book {
  option (google.api.resource) = {type: "library.dev/Book" pattern: "shelves/{shelf}/books/{book}"};
  option (buf.validate.message).cel = {id: "b" message: "pages must be even" expression: "true"};

  // The name. Example: "shelves/poems/books/odes".
  string name = 1 [(google.api.field_behavior) = IDENTIFIER];
  // The title.
  string title = 2 [
    (google.api.field_behavior) = REQUIRED,
    (buf.validate.field).string = {min_len: 1 max_len: 80}
  ];
  // Bytes on disk.
  int64 size_bytes = 3 [(google.api.field_behavior) = OUTPUT_ONLY];
  // How many pages.
  int32 pages = 4 [(buf.validate.field).int32 = {gte: 1 lt: 9000}];
  // The cover.
  bytes cover = 5 [(buf.validate.field).bytes.max_len = 100];
  // When it was written.
  google.protobuf.Timestamp write_time = 6;
  // How long it takes to read.
  google.protobuf.Duration read_time = 7;
  // What kinds it is of.
  repeated Genre genres = 8 [(buf.validate.field).repeated = {
    max_items: 3
    unique: true
    items: {enum: {defined_only: true not_in: [0]}}
  }];
  // Titles by language. Example: {"sv": "Oden"}.
  map<string, string> titles = 9 [(buf.validate.field).map.max_pairs = 5];
  // Books like it.
  repeated Book similar = 10;
  // The lock's code.
  string lock_code = 11 [
    (google.api.field_behavior) = INPUT_ONLY,
    (buf.validate.field).cel = {id: "l" message: "must not be a birthday" expression: "true"}
  ];
  // A reader's address.
  string contact = 12 [(buf.validate.field).string.email = true];
  // How much it is liked.
  double stars = 13;
  // What is wrong with it.
  google.rpc.Status damage = 14;
}

// What a book is.
enum Genre {
  // Not a genre.
  GENRE_UNSPECIFIED = 0;
  // Verses.
  GENRE_POEMS = 1;
}

// Why not.
enum ErrorReason {
  // Never sent.
  ERROR_REASON_UNSPECIFIED = 0;
  // There is no such book. NOT_FOUND.
  // Example: {"reason": "BOOK_NOT_FOUND"}
  ERROR_REASON_BOOK_NOT_FOUND = 1;
}

message GetBookRequest {
  // The book. Example: "shelves/poems/books/odes".
  string name = 1 [
    (google.api.resource_reference).type = "library.dev/Book",
    (buf.validate.field).string.pattern = "^shelves/[a-z]{1,9}/books/[a-z]+$"
  ];
}

message UpdateBookRequest {
  Book book = 1;
  // The fields to change.
  google.protobuf.FieldMask update_mask = 2;
}

message CreateBookRequest {
  // The shelf.
  string parent = 1 [(google.api.resource_reference).child_type = "library.dev/Book"];
  // The book.
  Book book = 2 [(google.api.field_behavior) = REQUIRED];
  // A UUID.
  string request_id = 3 [(buf.validate.field).string.uuid = true];
}

message ScanBookRequest {
  // How sharp.
  uint32 dots_per_inch = 1 [(buf.validate.field).uint32.lte = 600];
  // The pages.
  google.api.HttpBody pages = 2;
}

message WatchShelfRequest {
  // The shelf's number.
  int32 shelf_id = 1;
  // Where to go on.
  string cursor = 2;
  // Only these kinds.
  repeated Genre genres = 3;
}

message WatchShelfResponse {
  // The book that moved.
  Book book = 1;
}
"""


@pytest.fixture(scope="session")
def committed() -> dict[str, Any]:
    return json.loads((ROOT / "services/gateway/openapi.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("library")
    (folder / "library.proto").write_text(LIBRARY)
    output = folder / "set.binpb"
    protos = ("library.proto", "judgemesh/type/v1/error_reason.proto")
    paths = (folder, ROOT / "proto", ROOT / "proto/third_party", WELL_KNOWN)
    options = ("--include_imports", "--include_source_info", f"--descriptor_set_out={output}")
    command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{path}" for path in paths), *options, *protos]
    subprocess.run(command, check=True)
    return describe(output.read_bytes(), Edge(["library.v1.LibraryService"], {"library.v1.LibraryService.GetBook"}))
