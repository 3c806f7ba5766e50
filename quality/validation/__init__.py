"""Great Expectations on artifacts: declared suites, the frames that they look at, and the checks that come out."""
