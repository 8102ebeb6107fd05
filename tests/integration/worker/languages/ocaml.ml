let rec depth n = if n = 0 then 0 else 1 + depth (n - 1)

let rec sums () =
  match Scanf.scanf " %d %d" (fun a b -> Some (a + b)) with
  | Some sum -> Printf.printf "%d\n" sum; sums ()
  | None -> ()
  | exception End_of_file -> ()
  | exception Scanf.Scan_failure _ -> ()

let () =
  match Scanf.scanf " %s" (fun word -> word) with
  | "sum" -> sums ()
  | "deep" -> Printf.printf "%d\n" (depth 50000)
  | "fail" -> exit 3
  | "loop" -> while true do ignore (Sys.opaque_identity 0) done
  | _ -> let kept = ref [] in while true do kept := Bytes.make 1000000 'x' :: !kept done
