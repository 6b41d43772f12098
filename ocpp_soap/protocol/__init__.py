"""What the standard says: WSDLs read into data, versions, dialects, validation. Knows lxml and nothing else of ours."""
