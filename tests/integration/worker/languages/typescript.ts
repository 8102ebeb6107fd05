import * as fs from "fs";

const [mode, ...lines]: string[] = fs.readFileSync(0, "utf8").trim().split("\n");

function depth(n: number): number { return n === 0 ? 0 : 1 + depth(n - 1); }

if (mode === "sum") console.log(lines.map(line => line.split(" ").reduce((sum, x) => sum + Number(x), 0)).join("\n"));
else if (mode === "deep") console.log(depth(50000));
else if (mode === "fail") process.exit(3);
else if (mode === "loop") for (;;);
else for (const kept: number[][] = []; ;) kept.push(new Array(100000).fill(kept.length));
