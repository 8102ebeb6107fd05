"""The description of the HTTP API says what Envoy will do."""

from typing import Any

import pytest
from openapi_spec_validator import validate

Json = dict[str, Any]


def test_is_valid(library: Json, committed: Json) -> None:
    """Both descriptions are valid OpenAPI 3.1."""
    validate(library)
    validate(committed)


def test_names_every_path(library: Json) -> None:
    """Each HTTP rule, additional ones too, is an operation; a method without a rule is none."""
    operations = {(verb, url) for url, item in library["paths"].items() for verb in item}

    assert operations == {
        ("get", "/v1/shelves/{shelf}/books/{book}"),
        ("get", "/v1/books/{book}"),
        ("patch", "/v1/shelves/{shelf}/books/{book}"),
        ("post", "/v1/shelves/{shelf}/books"),
        ("post", "/v1/shelves/{shelf}/books/{book}:burn"),
        ("post", "/v1/books:scan"),
        ("get", "/v1/shelves/{shelfId}:watch"),
    }


def test_operation_identifiers_differ(library: Json) -> None:
    """Ways to call one method have identifiers of their own."""
    identifiers = [operation["operationId"] for item in library["paths"].values() for operation in item.values()]

    assert len(set(identifiers)) == len(identifiers)


def test_path_parameters_have_their_segments_rules(library: Json) -> None:
    """A resource name becomes a plain parameter for each variable segment, with its part of pattern and example."""
    shelf, book = library["paths"]["/v1/shelves/{shelf}/books/{book}"]["get"]["parameters"]

    assert shelf["schema"] == {"type": "string", "pattern": "^[a-z]{1,9}$", "examples": ["poems"]}
    assert book["schema"] == {"type": "string", "pattern": "^[a-z]+$", "examples": ["odes"]}
    assert (shelf["name"], shelf["in"], shelf["required"]) == ("shelf", "path", True)


def test_plain_variable(library: Json) -> None:
    """A variable without a pattern keeps its field's type under its JSON name."""
    parameters = library["paths"]["/v1/shelves/{shelfId}:watch"]["get"]["parameters"]

    assert parameters[0]["schema"] == {"type": "integer", "format": "int32"}


def test_query_parameters(library: Json) -> None:
    """What neither path nor body holds is in the query."""
    watch = library["paths"]["/v1/shelves/{shelfId}:watch"]["get"]["parameters"]
    scan = library["paths"]["/v1/books:scan"]["post"]["parameters"]
    update = library["paths"]["/v1/shelves/{shelf}/books/{book}"]["patch"]["parameters"]

    assert [(p["name"], p["in"]) for p in watch[1:]] == [("cursor", "query"), ("genres", "query")]
    assert [(p["name"], p["schema"]["maximum"]) for p in scan] == [("dotsPerInch", 600)]
    assert update[-1]["name"] == "updateMask"


def test_body_leaves_out_what_the_path_holds(library: Json) -> None:
    """Envoy refuses a body that sets a field of the path, so the body's schema has no such member."""
    body = library["paths"]["/v1/shelves/{shelf}/books"]["post"]["requestBody"]["content"]["application/json"]

    assert list(body["schema"]["properties"]) == ["book", "requestId"]
    assert body["schema"]["required"] == ["book"]


def test_no_body_where_the_path_holds_everything(library: Json) -> None:
    """A method whose fields are all in the path needs no body."""
    operation = library["paths"]["/v1/shelves/{shelf}/books/{book}:burn"]["post"]

    assert "requestBody" not in operation


def test_raw_body(library: Json) -> None:
    """A body that is HttpBody has the media type that the method's comment names."""
    body = library["paths"]["/v1/books:scan"]["post"]["requestBody"]

    assert body["content"] == {"application/pdf": {"schema": {"contentMediaType": "application/pdf"}}}


def test_streams_have_three_framings(library: Json) -> None:
    """A stream is an array, JSON lines or server-sent events."""
    content = library["paths"]["/v1/shelves/{shelfId}:watch"]["get"]["responses"]["200"]["content"]
    item = {"$ref": "#/components/schemas/library.v1.WatchShelfResponse"}

    assert content == {
        "application/json": {"schema": {"type": "array", "items": item}},
        "application/x-ndjson": {"schema": item},
        "text/event-stream": {"schema": item},
    }


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("name", {"type": "string", "examples": ["shelves/poems/books/odes"], "readOnly": True}),
        ("title", {"type": "string", "minLength": 1, "maxLength": 80}),
        ("sizeBytes", {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$", "readOnly": True}),
        ("pages", {"type": "integer", "format": "int32", "minimum": 1, "exclusiveMaximum": 9000}),
        ("cover", {"type": "string", "contentEncoding": "base64", "maxLength": 136}),
        ("writeTime", {"type": "string", "format": "date-time", "examples": ["2027-03-01T09:00:00Z"]}),
        ("readTime", {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["1.5s"]}),
        (
            "genres",
            {
                "type": "array",
                "maxItems": 3,
                "uniqueItems": True,
                "items": {"$ref": "#/components/schemas/library.v1.Genre", "not": {"enum": ["GENRE_UNSPECIFIED"]}},
            },
        ),
        (
            "titles",
            {
                "type": "object",
                "maxProperties": 5,
                "additionalProperties": {"type": "string"},
                "examples": [{"sv": "Oden"}],
            },
        ),
        ("similar", {"type": "array", "items": {"$ref": "#/components/schemas/library.v1.Book"}}),
        ("lockCode", {"type": "string", "writeOnly": True}),
        ("contact", {"type": "string", "format": "email"}),
        ("stars", {"type": "number", "format": "double"}),
        ("damage", {"$ref": "#/components/schemas/Error"}),
    ],
)
def test_fields(library: Json, name: str, schema: Json) -> None:
    """Each field has proto JSON's type and the keywords of its rules and behaviours."""
    found = dict(library["components"]["schemas"]["library.v1.Book"]["properties"][name])
    found.pop("description")

    assert found == schema


def test_rules_without_a_keyword_are_told(library: Json) -> None:
    """What JSON Schema can't check is in the description."""
    book = library["components"]["schemas"]["library.v1.Book"]

    assert book["description"] == "A book.\n\nRule: pages must be even."
    assert book["properties"]["lockCode"]["description"] == "The lock's code.\n\nRule: must not be a birthday."


def test_resources_require_nothing(library: Json) -> None:
    """A resource is the body of updates too, which need not name every field."""
    assert "required" not in library["components"]["schemas"]["library.v1.Book"]


def test_enums_are_names(library: Json) -> None:
    """An enum is its values' names, each with its comment."""
    genre = library["components"]["schemas"]["library.v1.Genre"]

    assert genre["enum"] == ["GENRE_UNSPECIFIED", "GENRE_POEMS"]
    assert "- `GENRE_POEMS`: Verses." in genre["description"]


def test_errors(library: Json) -> None:
    """A method lists the statuses that its comment promises, and not the states that it mentions."""
    update = library["paths"]["/v1/shelves/{shelf}/books/{book}"]["patch"]["responses"]

    assert list(update) == ["200", "401", "409", "default"]
    assert update["409"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


def test_reasons(library: Json) -> None:
    """The reasons are as they are sent, without their enum's prefix."""
    reasons = library["components"]["schemas"]["library.v1.ErrorReason"]

    assert reasons["enum"] == ["BOOK_NOT_FOUND"]
    assert "- `BOOK_NOT_FOUND`: There is no such book. NOT_FOUND." in reasons["description"]


def test_public_methods_need_no_token(library: Json) -> None:
    """The token is optional on public methods, and the default elsewhere."""
    item = library["paths"]["/v1/shelves/{shelf}/books/{book}"]

    assert item["get"]["security"] == [{}, {"bearer": []}]
    assert "security" not in item["patch"]
    assert library["security"] == [{"bearer": []}]


def test_committed_description_covers_the_surface(committed: Json) -> None:
    """What others rely on is there: import, submissions and their stream, log-in."""
    operations = {f"{verb.upper()} {url}" for url, item in committed["paths"].items() for verb in item}

    assert operations >= {
        "POST /v1/users",
        "GET /v1/users/{user}",
        "POST /v1/sessions",
        "POST /v1/sessions:refresh",
        "DELETE /v1/sessions/{session}",
        "POST /v1/users/{user}/tokens",
        "POST /v1/problems:import",
        "GET /v1/problems/{problem}/samples",
        "POST /v1/problems/{problem}/submissions",
        "GET /v1/submissions/{submission}:watch",
        "POST /v1/submissions/{submission}:cancel",
    }
    assert list(committed["paths"]["/v1/problems:import"]["post"]["requestBody"]["content"]) == ["application/zip"]


def test_every_operation_is_commented(committed: Json) -> None:
    """No operation and no parameter is without a description."""
    operations = [operation for item in committed["paths"].values() for operation in item.values()]
    silent = [operation["operationId"] for operation in operations if not operation["description"]]
    silent += [p["name"] for operation in operations for p in operation.get("parameters", ()) if not p["description"]]

    assert silent == []
