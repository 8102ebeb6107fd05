"""The gateway answers HTTP: health, the API's description, and a public method as JSON."""

from client import client, ok

with client() as http:
    ok(http.get("/healthz"))
    paths = ok(http.get("/openapi.json")).json()["paths"]
    languages = ok(http.get("/v1/languages")).json().get("languages", [])
print(f"{len(paths)} paths; languages:", ", ".join(language["id"] for language in languages) or "none seen yet")
