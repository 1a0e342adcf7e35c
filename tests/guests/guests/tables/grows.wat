;; Grows a table until nothing more is given, and answers all the same.
;; ---
;; comes-to: answer

(table $t 1 funcref)
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (br_if $again (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
  (i32.const 1024))
