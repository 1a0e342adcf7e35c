;; Answers with an object that has a member twice. The last one holds, for the check as for
;; the cluster: it is read once.
;; ---
;; comes-to: answer
;; answer: {/launched/manifests/0/object/kind: Pod}

(data (i32.const 4100) "\88\13\00\00\01\00\00\00")
(data (i32.const 5000) "\70\17\00\00\1e\00\00\00")
(data (i32.const 6000) "{\22kind\22: \22Job\22, \22kind\22: \22Pod\22}")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
