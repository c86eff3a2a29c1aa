"""The figures of long runs, as JSON. Read them with `vicourse.results.load_result`."""
