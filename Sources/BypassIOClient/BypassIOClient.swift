// The client library of a mounted volume.
