;; Blocks in blocks, fifty thousand deep, each with a way out of all.
;; ---
;; comes-to: [answer, CompileTimedOut, CompileKilled, CompileFailed]

(func $f (param i32)
@repeat 50000
  (block $b@i (br_if $b@i (local.get 0))
@end
@repeat 50000
  )
@end
)
