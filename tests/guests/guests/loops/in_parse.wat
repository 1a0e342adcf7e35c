;; A progress reader that never comes to the end of a line. No step asks one yet, so it is
;; loaded and described, and that is all.
;; ---
;; role: progress
;; comes-to: loaded

(func (export "parse") (param i32 i32 i32 i32) (result i32)
  (loop $again (br $again))
  (i32.const 1024))
