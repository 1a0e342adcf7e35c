;; A function with 50,000 variables that are all alive at once.
;; ---
;; comes-to: [answer, CompileTimedOut, CompileKilled, CompileFailed]

(func $f (param i64) (result i64)
@repeat 49000
  (local $l@i i64)
@end
@repeat 49000
  (local.set $l@i (i64.rotl (local.get 0) (i64.const @i)))
@end
  (loop $again
@repeat 49000
    (local.set $l@i (i64.xor (local.get $l@i) (i64.load (i32.const @i))))
@end
    (br_if $again (i64.eqz (local.get $l7))))
  (i64.const 0)
@repeat 49000
  (i64.add (local.get $l@i))
@end
)
