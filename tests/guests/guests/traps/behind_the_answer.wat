;; Answers, and breaks when it may tidy up after that.
;; ---
;; comes-to: PluginTrapped

(func (export "after launch") (param i32) (unreachable))
