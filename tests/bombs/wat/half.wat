;; A plug-in that gives only a part of what it has to: describe, but neither validate nor execute. It must not load.
(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "describe") (result i32) i32.const 0))
  (core instance $code (instantiate $code))
  (alias core export $code "memory" (core memory $memory))
  (alias core export $code "describe" (core func $core))
  (func $describe (result string) (canon lift (core func $core) (memory $memory)))
  (instance $template (export "describe" (func $describe)))
  (export "tiphys:plugin/template@0.1.0" (instance $template))
)
