;; Answers with an object in an object, a hundred thousand deep.
;; ---
;; comes-to: PluginAnsweredBadly
;; says: /manifests/0/object

(memory (export "memory") 32)
(data (i32.const 4100) "\88\13\00\00\01\00\00\00")
(data (i32.const 5000) "\00\00\08\00\20\a1\07\00")
(func (export "launch") (param i32 i32) (result i32)
  (local $at i32)
  (local.set $at (i32.const 0x80000))
  (loop $fill
    ;; {"a":
    (i32.store (local.get $at) (i32.const 0x2261227b))
    (i32.store8 offset=4 (local.get $at) (i32.const 0x3a))
    (local.set $at (i32.add (local.get $at) (i32.const 5)))
    (br_if $fill (i32.lt_u (local.get $at) (i32.const 0xfa120))))
  (i32.const 4096))
