"""The faults that were measured on other check monitors, and in libraries: each with the tests that would find it."""

from __future__ import annotations

FAULTS: dict[int, tuple[str, list[str]]] = {
    1: (
        "the results of a batch arrive when its slowest check ends",
        ["checks/test_agent.py::test_one_check_that_hangs_delays_no_other"],
    ),
    2: (
        "a timeout is per read, and a body of a byte now and then never ends",
        [
            "checks/test_faults.py::test_fault_2_an_answer_that_never_ends_ends_at_the_deadline",
            "checks/test_agent.py::test_an_executor_that_will_not_end_is_left_alone_and_judged_in_time",
        ],
    ),
    3: (
        "the next run is counted from the end of the last one",
        [
            "checks/test_faults.py::test_fault_3_a_check_that_takes_long_keeps_its_slots",
            "checks/test_schedule.py::test_a_check_runs_in_each_slot_once",
        ],
    ),
    4: (
        "of many checks a part does not run, and nothing counts it",
        [
            "checks/test_faults.py::test_fault_4_five_hundred_checks_run_in_each_of_their_slots",
            "checks/test_schedule.py::test_slots_that_pass_while_nothing_is_taken_are_counted",
            "checks/test_agent.py::test_a_slot_whose_predecessor_still_runs_is_left_out_and_counted",
        ],
    ),
    5: (
        "100 checks end, and 101 never do",
        ["checks/test_faults.py::test_fault_5_more_checks_than_any_buffer_has_room_for_end"],
    ),
    6: (
        "what was under way when the process was killed never runs again",
        [
            "checks/test_killed.py::test_no_change_is_lost_and_none_is_doubled_by_an_agent_that_is_killed",
            "checks/test_supervisor.py::test_a_second_process_waits_and_takes_over_when_the_first_is_killed",
            "checks/test_schedule.py::test_a_restart_finds_the_same_slots",
        ],
    ),
    7: (
        "another program's lock on what is kept ends all checks, silently",
        [
            "checks/test_faults.py::test_fault_7_locks_of_another_process_end_no_check",
            "checks/test_state_file.py::test_a_directory_that_cannot_be_written_is_said_once",
            "checks/test_state_file.py::test_a_disk_that_was_full_for_a_moment_costs_no_state",
            "checks/test_agent.py::test_an_observer_that_is_at_fault_does_not_end_the_agent",
        ],
    ),
    8: (
        "one rule that cannot be judged ends all checks",
        [
            "checks/test_agent.py::test_a_condition_that_is_at_fault_itself_is_an_error_of_that_check_alone",
            "checks/test_agent.py::test_each_failure_has_its_type_and_its_attempts",
            "checks/test_faults.py::test_fault_8_a_rule_that_is_null_is_a_mistake_with_its_place",
        ],
    ),
    9: (
        "what is edited, disabled or deleted while it is under way comes back as it was",
        [
            "checks/test_agent.py::test_a_check_that_is_edited_while_it_runs_is_the_new_one_from_then_on",
            "checks/test_agent.py::test_a_check_that_is_disabled_while_it_runs_stays_disabled",
            "checks/test_agent.py::test_a_check_that_is_removed_while_it_runs_is_never_heard_of_again",
        ],
    ),
    10: (
        "a success keeps nothing, and a duration is of whole milliseconds and has the queue and the retries in it",
        [
            "checks/test_faults.py::test_fault_10_a_duration_has_neither_the_queue_nor_other_attempts_in_it",
            "checks/test_http.py::test_phases_tell_where_the_time_was_spent",
            "checks/test_agent.py::test_phases_add_up_to_the_duration",
            "checks/test_signals.py::test_the_last_run_is_shown_by_gauges_and_what_a_kind_has_not_is_absent",
        ],
    ),
    11: (
        "a check that flaps alerts without end, or never; a change is told to no one",
        [
            "checks/test_judge.py::test_alternating_runs_never_change_a_status",
            "checks/test_judge.py::test_a_status_changes_once_enough_runs_confirm_it",
            "checks/test_signals.py::test_a_change_is_told_once_with_its_cause",
        ],
    ),
    12: (
        "a URL's password and token are printed",
        [
            "checks/test_faults.py::test_fault_12_nothing_that_is_logged_has_a_secret",
            "checks/test_signals.py::test_nothing_that_leaves_has_a_secret",
            "checks/test_signals.py::test_a_secret_in_the_path_of_a_url_does_not_leave",
            "checks/test_file.py::test_each_mistake_has_its_line_and_column",
        ],
    ),
    13: (
        "retention is too slow, and compares local time with UTC",
        [
            "history/checks/test_retention.py::test_fault_13_only_what_is_too_old_goes_and_all_of_it",
            "history/checks/test_model.py::test_changes_are_kept_for_ever_and_runs_for_90_days",
        ],
    ),
    14: (
        "no CA of one's own; no port of a name server; NXDOMAIN cannot be wanted; one right address is enough",
        [
            "checks/test_http.py::test_tls_is_a_phase_and_the_certificate_has_an_expiry",
            "checks/test_dns.py::test_fault_14_one_expected_address_among_foreign_ones_does_not_pass",
            "checks/test_dns.py::test_fault_14_a_name_that_must_not_exist_can_be_wanted",
        ],
    ),
    15: (
        "nothing is told before the slowest target; durations end at the head; URLs keep secrets; labels have no bound",
        [
            "checks/test_agent.py::test_one_check_that_hangs_delays_no_other",
            "checks/test_http.py::test_phases_tell_where_the_time_was_spent",
            "checks/test_signals.py::test_a_confirmed_failure_has_its_trace_on_both_sides",
            "checks/test_faults.py::test_fault_15_what_a_metric_says_of_errors_is_a_class",
        ],
    ),
    16: (
        "nothing is remembered: no streak, no since, no event",
        [
            "checks/test_judge.py::test_a_change_begins_with_the_first_run_that_confirms_it",
            "checks/test_supervisor.py::test_states_are_kept_between_two_starts_and_nothing_is_reported_anew",
            "checks/test_signals.py::test_a_change_is_told_once_with_its_cause",
        ],
    ),
    17: (
        "a call within the second of its deadline is down and up at once; one that says failed counts as missing",
        [
            "checks/test_heartbeat.py::test_fault_17_a_call_within_the_second_of_its_deadline_is_in_time",
            "checks/test_heartbeat.py::test_fault_17_calls_at_the_end_of_their_time_are_never_missing",
            "checks/test_heartbeat.py::test_fault_17_a_job_that_says_that_it_failed_is_down_at_once_and_not_counted_as_missing",
        ],
    ),
    18: (
        "a name that comes twice, an unknown key, a duration without a unit and `on` are taken silently",
        ["checks/test_file.py::test_fault_18_what_yaml_takes_silently_is_told"],
    ),
    19: (
        "a regular expression holds the loop, and every check",
        [
            "checks/test_faults.py::test_fault_19_a_slow_pattern_holds_neither_the_loop_nor_other_checks",
            "checks/test_file.py::test_a_pattern_that_takes_too_long_is_a_failure_and_not_a_halt",
        ],
    ),
    20: (
        "names that are not resolved take the threads of those that are",
        [
            "checks/test_faults.py::test_fault_20_names_that_hang_delay_no_other_name",
            "checks/test_resolver.py::test_fault_20_two_hundred_names_that_hang_leave_a_healthy_check_unharmed",
        ],
    ),
    21: (
        "a DNS check measures a cache",
        ["checks/test_dns.py::test_fault_21_every_run_asks_the_server"],
    ),
    22: (
        "what services, networks, clocks and files do besides",
        [
            "checks/test_http.py::test_each_fault_of_a_service_has_a_name",
            "checks/test_http.py::test_each_fault_of_a_certificate_has_a_name",
            "checks/test_http.py::test_redirects_are_followed_as_far_as_allowed",
            "checks/test_http.py::test_a_redirect_leads_to_nothing_that_is_not_allowed",
            "checks/test_faults.py::test_fault_22_a_redirect_from_https_to_http_is_not_followed",
            "checks/test_http.py::test_tls_where_none_is_spoken",
            "checks/test_http.py::test_no_tls_where_it_is_spoken",
            "checks/test_tcp.py::test_fault_22_a_server_without_a_greeting_has_its_class",
            "checks/test_tcp.py::test_fault_22_tls_on_a_plain_port_is_told",
            "checks/test_tcp.py::test_fault_22_a_handshake_without_an_answer_ends_in_time",
            "checks/test_faults.py::test_fault_22_a_connection_that_is_never_accepted_is_told_from_a_slow_answer",
            "checks/test_faults.py::test_fault_22_an_intermediate_certificate_that_expires_first_counts",
            "checks/test_dns.py::test_fault_22_an_answer_that_is_none_has_its_class",
            "checks/test_dns.py::test_fault_22_answers_that_alternate_fail_every_other_time",
            "checks/test_dns.py::test_an_answer_that_is_truncated_is_asked_for_by_tcp",
            "checks/test_grpc.py::test_fault_22_a_server_without_tls_is_told",
            "checks/test_grpc.py::test_fault_22_what_is_no_answer_has_its_class",
            "checks/test_icmp.py::test_fault_22_what_belongs_to_other_requests_is_no_answer",
            "checks/test_websocket.py::test_fault_22_what_is_no_websocket_has_its_class",
            "checks/test_websocket.py::test_fault_22_what_breaks_the_protocol_has_its_class",
            "checks/test_agent.py::test_a_wall_clock_that_is_set_runs_nothing_twice_and_changes_no_status",
            "checks/test_mutes.py::test_a_window_whose_hour_does_not_exist_opens_in_the_next_one",
            "checks/test_mutes.py::test_a_window_whose_hour_comes_twice_opens_once",
            "checks/test_faults.py::test_fault_22_a_thousand_checks_that_are_due_at_once_each_run",
            "checks/test_faults.py::test_fault_22_a_loop_that_is_blocked_makes_no_service_slow",
            "checks/test_file_watch.py::test_a_file_that_is_renamed_counts_at_once",
            "checks/test_file_watch.py::test_a_file_that_is_written_in_place_counts_once_it_stays_the_same",
            "checks/test_supervisor.py::test_a_wrong_file_leaves_the_old_one_in_use_and_says_why",
            "checks/test_supervisor.py::test_a_link_that_leads_elsewhere_is_another_file",
            "checks/test_http.py::test_no_file_descriptor_is_left",
        ],
    ),
}
"""By number: what goes wrong there, and the tests."""
