;; Thousands of variables that may come from thousands of places.
;; ---
;; comes-to: [answer, CompileTimedOut, CompileKilled, CompileFailed]

(func $f (param i32)
@repeat 3000
  (local $l@i i32)
@end
  (loop $again
@repeat 3000
    (if (i32.eq (local.get 0) (i32.const @i))
      (then (local.set $l@i (i32.add (local.get $l@i) (local.get 0))) (br $again)))
@end
  ))
