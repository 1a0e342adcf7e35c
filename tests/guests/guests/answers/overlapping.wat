;; Answers with sixty thousand objects that are all the same 60 KB of its memory: 3.6 GB
;; for the host.
;; ---
;; comes-to: PluginAnsweredBadly
;; says: too much data

(memory (export "memory") 32)
(data (i32.const 4100) "\00\00\08\00\60\ea\00\00")
(func (export "launch") (param i32 i32) (result i32)
  (local $at i32)
  (memory.fill (i32.const 0x180000) (i32.const 0x20) (i32.const 60000))
  (local.set $at (i32.const 0x80000))
  (loop $fill
    (i32.store (local.get $at) (i32.const 0x180000))
    (i32.store offset=4 (local.get $at) (i32.const 60000))
    (local.set $at (i32.add (local.get $at) (i32.const 12)))
    (br_if $fill (i32.lt_u (local.get $at) (i32.const 0x12fc80))))
  (i32.const 4096))
