;; Describes itself in bytes that are no UTF-8.
;; ---
;; when: load
;; comes-to: PluginAnsweredBadly

(data (i32.const 4096) "\88\13\00\00\03\00\00\00")
(data (i32.const 5000) "\c3\28\a0")
(func (export "describe") (result i32) (i32.const 4096))
