;; One function of two million instructions.
;; ---
;; comes-to: [answer, CompileTimedOut, CompileKilled, CompileFailed]

(func $f (param i64) (result i64)
  (local.get 0)
@repeat 500000
  (i64.mul (i64.add (i64.const @i)) (local.get 0))
@end
)
