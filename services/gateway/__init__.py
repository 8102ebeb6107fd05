"""What the edge needs beyond the mesh's resources: descriptors, the description of the HTTP API, a page to read it."""
