using System;
using System.Collections.Generic;
using System.Text;

class Modes {
    static int Depth(int n) { return n == 0 ? 0 : 1 + Depth(n - 1); }

    static int Main() {
        switch (Console.ReadLine()) {
            case "sum":
                var sums = new StringBuilder();
                for (string line; (line = Console.ReadLine()) != null;) {
                    var parts = line.Split(' ');
                    sums.Append(int.Parse(parts[0]) + int.Parse(parts[1])).Append('\n');
                }
                Console.Write(sums);
                return 0;
            case "deep": Console.WriteLine(Depth(50000)); return 0;
            case "fail": return 3;
            case "loop": while (true) { }
            default: for (var kept = new List<byte[]>(); ;) { var block = new byte[1000000]; for (int i = 0; i < block.Length; i += 4096) block[i] = 1; kept.Add(block); }
        }
    }
}
