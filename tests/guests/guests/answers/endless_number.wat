;; Answers with a number of a million digits.
;; ---
;; comes-to: PluginAnsweredBadly
;; says: /choices/0/value

(memory (export "memory") 32)
(data (i32.const 4124) "\88\13\00\00\01\00\00\00")
(data (i32.const 5008) "\00\00\08\00\40\42\0f\00")
(func (export "launch") (param i32 i32) (result i32)
  (memory.fill (i32.const 0x80000) (i32.const 0x39) (i32.const 1000000))
  (i32.const 4096))
