;; Two hundred thousand types.
;; ---
;; comes-to: [answer, CompileTimedOut, CompileKilled, CompileFailed]

@repeat 200000
(type (func (param i32 i64) (result i32)))
@end
