module backchannel.dev/benchmarks/floor

go 1.24
