/** Checks of the official suite that do not apply to this server. Every other check must be SUCCESS. */
export interface NotApplicable {
  readonly scenarios: readonly string[]
  /** The checks that do not apply. Absent: all checks of the scenario, except that of the messages' form. */
  readonly checks?: readonly string[]
  readonly reason: string
}

/** The check of a scenario that had nothing to check. */
export const nothingChecked = 'nothing-checked'

export const notApplicable: readonly NotApplicable[] = [
  {
    scenarios: ['tools-call-simple-text', 'tools-call-error', 'tools-call-with-progress', 'tools-call-with-logging'],
    reason:
      'needs the tools test_simple_text, test_error_handling, test_tool_with_progress and test_tool_with_logging.',
  },
  {
    scenarios: [
      'tools-call-image',
      'tools-call-audio',
      'tools-call-embedded-resource',
      'tools-call-mixed-content',
      'json-schema-2020-12',
    ],
    reason:
      'needs a tool that returns images, audio or resources, or one with a schema of every kind; the tools of this server return text.',
  },
  {
    scenarios: [
      'tools-call-sampling',
      'tools-call-elicitation',
      'elicitation-sep1034-defaults',
      'elicitation-sep1330-enums',
    ],
    reason: 'needs tools that ask the client or the user something during a call; the tools of this server never do.',
  },
  {
    scenarios: [
      'input-required-result-basic-elicitation',
      'input-required-result-basic-sampling',
      'input-required-result-basic-list-roots',
      'input-required-result-request-state',
      'input-required-result-multiple-input-requests',
      'input-required-result-multi-round',
      'input-required-result-non-tool-request',
      'input-required-result-result-type',
      'input-required-result-tampered-state',
      'input-required-result-capability-check',
    ],
    reason:
      'needs the tools and the prompt test_input_required_result_*, which ask for more input; the tools of this server never do.',
  },
  {
    scenarios: ['input-required-result-missing-input-response', 'input-required-result-ignore-extra-params'],
    reason: 'recommends how the tool test_input_required_result_elicitation answers, which this server does not have.',
  },
  {
    scenarios: [
      'resources-read-text',
      'resources-read-binary',
      'resources-templates-read',
      'resources-subscribe',
      'resources-unsubscribe',
    ],
    reason: 'needs the resources test://…; the resources of this server are its skills.',
  },
  {
    scenarios: [
      'prompts-list',
      'prompts-get-simple',
      'prompts-get-with-args',
      'prompts-get-embedded-resource',
      'prompts-get-with-image',
      'completion-complete',
    ],
    reason: 'needs the prompts test_simple_prompt and test_prompt_with_*; this server declares that it has none.',
  },
  {
    scenarios: ['caching'],
    checks: ['sep-2549-prompts-list-caching-hints'],
    reason: 'also looks at prompts, which this server does not offer.',
  },
  {
    scenarios: ['logging-set-level'],
    reason: 'is about servers that send their log to the client; this server does not.',
  },
  {
    scenarios: ['server-session-lifecycle', 'server-sse-polling'],
    reason: 'is about sessions and resumed streams; this server has neither.',
  },
  {
    scenarios: ['server-sse-multiple-streams'],
    checks: ['server-sse-multiple-streams-session', nothingChecked],
    reason: 'up to 2025-11-25 checks only for a session; this server has none.',
  },
  {
    scenarios: ['http-custom-header-server-validation'],
    reason: 'needs a tool with x-mcp-header annotations.',
  },
  {
    scenarios: ['server-stateless'],
    checks: [
      'sep-2575-server-rejects-undeclared-capability',
      'sep-2575-missing-capability-http-400',
      'sep-2575-http-server-no-independent-requests-on-stream',
      'sep-2575-server-no-log-without-loglevel',
    ],
    reason: 'needs test_missing_capability, test_streaming_elicitation and test_logging_tool.',
  },
  {
    scenarios: [
      'tasks-lifecycle',
      'tasks-capability-negotiation',
      'tasks-wire-fields',
      'tasks-request-state-removal',
      'tasks-mrtr-input',
      'tasks-request-headers',
      'tasks-dispatch-and-envelope',
      'tasks-status-notifications',
      'tasks-required-task-error',
      'tasks-mrtr-composition',
    ],
    reason: 'is the extension for tasks, which this server does not offer.',
  },
]
