;; Tables of branches, 60,000 wide, a hundred of them.
;; ---
;; comes-to: [answer, CompileTimedOut, CompileKilled, CompileFailed]

(func $f (param i32) (result i32)
@repeat 100
  (block $in
  (br_table
@repeat 60000
    $in
@end
    (i32.add (local.get 0) (i32.const @i)))
  )
@end
  (i32.const 1))
