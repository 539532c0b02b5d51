package main

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestProcessCPUCountsWhatAProcessSpends(t *testing.T) {
	own := os.Getpid()
	before, err := processCPU([]int{own})
	if err != nil {
		t.Fatal(err)
	}
	usage := ownCPU()
	for until := time.Now().Add(50 * time.Millisecond); time.Now().Before(until); {
	}
	after, err := processCPU([]int{own})
	if err != nil {
		t.Fatal(err)
	}
	// The same as the kernel says of the calling process, whatever else runs here.
	if spent, said := after-before, ownCPU()-usage; spent <= 0 || (spent-said).Abs() > 10*time.Millisecond {
		t.Fatalf("spent %v, by its clock %v", said, spent)
	}
	child := exec.Command("sleep", "10")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill()
	if both, err := processCPU([]int{own, child.Process.Pid}); err != nil || both < after {
		t.Fatalf("with a child: %v, %v", both, err)
	}
}

func TestProcessCPUFailsForAProcessThatIsNotThere(t *testing.T) {
	if _, err := processCPU([]int{1 << 28}); err == nil {
		t.Fatal("a process that is not there has a CPU time")
	}
}
