module backchannel.dev/benchmarks/loadgen

go 1.24
