"""The mesh's control plane: the types of its resources, and their translation to what Envoy reads."""
