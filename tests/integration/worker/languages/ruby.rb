def depth(n) = n == 0 ? 0 : 1 + depth(n - 1)

case gets.strip
when "sum" then puts STDIN.each_line.map { |line| line.split.sum(&:to_i) }
when "deep" then puts depth(50000)
when "fail" then exit 3
when "loop" then loop {}
else
  kept = []
  loop { kept << "x" * 1000000 }
end
