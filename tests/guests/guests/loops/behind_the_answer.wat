;; Answers, and never ends when it may tidy up after that.
;; ---
;; comes-to: PluginOutOfFuel

(func (export "after launch") (param i32)
  (loop $again (br $again)))
