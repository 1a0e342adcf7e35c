;; Takes all memory before it has begun.
;; ---
;; comes-to: answer

(func $start
  (loop $again
    (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))
(start $start)
