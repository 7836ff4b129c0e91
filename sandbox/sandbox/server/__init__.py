"""What both vendors share: calls and answers, the check against an OpenAPI file, faults, the socket."""
