use std::io::{Read, Write};

#[inline(never)]
fn depth(n: u64) -> u64 {
    let kept = unsafe { std::ptr::read_volatile(&n) };
    if kept == 0 { 0 } else { 1 + depth(kept - 1) }
}

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let mut words = text.split_ascii_whitespace();
    let mut out = std::io::BufWriter::new(std::io::stdout());
    match words.next().unwrap() {
        "sum" => {
            while let (Some(a), Some(b)) = (words.next(), words.next()) {
                writeln!(out, "{}", a.parse::<u64>().unwrap() + b.parse::<u64>().unwrap()).unwrap();
            }
        }
        "deep" => writeln!(out, "{}", depth(50000)).unwrap(),
        "fail" => panic!("as asked"),
        "loop" => loop {},
        _ => {
            let mut kept = Vec::new();
            loop { kept.push(vec![1u8; 1000000]); }
        }
    }
}
