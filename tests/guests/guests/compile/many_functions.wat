;; A hundred and fifty thousand functions.
;; ---
;; comes-to: [answer, CompileTimedOut, CompileKilled, CompileFailed]

@repeat 150000
(func (param i32) (result i32) (i32.add (local.get 0) (i32.const @i)))
@end
