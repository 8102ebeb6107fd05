<?php
function depth($n) { return $n == 0 ? 0 : 1 + depth($n - 1); }

switch (trim(fgets(STDIN))) {
    case "sum":
        while (($line = fgets(STDIN)) !== false) { [$a, $b] = explode(" ", $line); echo $a + (int) $b, "\n"; }
        break;
    case "deep": echo depth(50000), "\n"; break;
    case "fail": exit(3);
    case "loop": while (true) { }
    default: $kept = []; while (true) { $kept[] = str_repeat("x", 1000000); }
}
