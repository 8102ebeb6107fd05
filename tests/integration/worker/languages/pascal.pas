program modes;
type block = array[0..999999] of byte;
var mode: string; a, b: longint; kept: ^block;

function depth(n: longint): longint;
begin
  if n = 0 then depth := 0 else depth := 1 + depth(n - 1);
end;

begin
  readln(mode);
  if mode = 'sum' then
    while not eof do begin readln(a, b); writeln(a + b); end
  else if mode = 'deep' then writeln(depth(50000))
  else if mode = 'fail' then halt(3)
  else if mode = 'loop' then while true do
  else while true do begin new(kept); fillchar(kept^, sizeof(block), 1); end;
end.
