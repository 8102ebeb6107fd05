use strict;
no warnings 'recursion';
sub depth { my $n = shift; return $n == 0 ? 0 : 1 + depth($n - 1); }

chomp(my $mode = <STDIN>);
if ($mode eq "sum") {
    while (<STDIN>) { my ($a, $b) = split; print $a + $b, "\n"; }
} elsif ($mode eq "deep") { print depth(50000), "\n"; }
elsif ($mode eq "fail") { exit 3; }
elsif ($mode eq "loop") { while (1) { } }
else { my @kept; while (1) { push @kept, "x" x (1000000 + @kept); } }
