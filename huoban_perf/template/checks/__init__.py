"""Rules across the files of a template, one module a subject; each takes a draft and yields findings."""
