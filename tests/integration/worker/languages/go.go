package main

import (
	"bufio"
	"fmt"
	"os"
)

func depth(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + depth(n-1)
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var mode string
	fmt.Fscan(in, &mode)
	switch mode {
	case "sum":
		for a, b := 0, 0; ; {
			if n, _ := fmt.Fscan(in, &a, &b); n < 2 {
				return
			}
			fmt.Fprintln(out, a+b)
		}
	case "deep":
		fmt.Fprintln(out, depth(50000))
	case "fail":
		os.Exit(3)
	case "loop":
		for {
		}
	default:
		for kept := [][]byte{}; ; {
			block := make([]byte, 1000000)
			for i := range block {
				block[i] = 1
			}
			kept = append(kept, block)
		}
	}
}
