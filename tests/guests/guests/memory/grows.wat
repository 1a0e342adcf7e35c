;; Grows page by page until nothing more is given, and answers all the same.
;; ---
;; comes-to: answer

(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
  (i32.const 1024))
