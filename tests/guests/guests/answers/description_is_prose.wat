;; Says what it is in words.
;; ---
;; when: load
;; comes-to: PluginDescribedBadly

(data (i32.const 4096) "\88\13\00\00\0f\00\00\00")
(data (i32.const 5000) "I am a launcher")
(func (export "describe") (result i32) (i32.const 4096))
