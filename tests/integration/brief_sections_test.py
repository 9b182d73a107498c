"""Every section of the product brief has a test that names it: the table says which, and is held
against the headings of the brief and against the tests that there are."""

import re
import unittest
from pathlib import Path

from shared import shared_text

TESTS = Path(__file__).resolve().parents[1]

SECTIONS = {
    "Overview": ["test_overview_both_models_can_be_trained"],
    "Features": ["test_features_background_processing_answers_at_once",
                 "test_features_model_versioning_keeps_each_training_apart",
                 "test_features_metrics_tracking_has_recall_precision_and_f1",
                 "test_features_hyperparameters_change_the_model"],
    "Quick Start": ["test_10_quick_start_1_start_the_platform"],
    "1. Start the Platform": ["test_10_quick_start_1_start_the_platform"],
    "2. Access Training Interface": ["test_11_quick_start_2_access_the_training_interface"],
    "3. Start Training": ["test_12_quick_start_3_start_training"],
    "4. Monitor Progress": ["test_13_quick_start_4_monitor_progress"],
    "Data Requirements": ["test_data_requirements_are_checked_before_a_training"],
    "Model Types": ["test_model_types_have_the_defaults_of_the_manual"],
    "Popular Items Model": ["test_model_types_have_the_defaults_of_the_manual"],
    "ALS Collaborative Filtering": ["test_model_types_have_the_defaults_of_the_manual"],
    "API Endpoints": ["test_api_start_training_takes_the_form_of_the_manual"],
    "Start Training": ["test_api_start_training_takes_the_form_of_the_manual"],
    "Get Training Status": ["test_api_training_status_has_the_keys_of_the_manual"],
    "Programmatic Usage": ["test_20_programmatic_usage_the_brief_s_example_verbatim"],
    "Architecture": ["test_it_starts_what_the_brief_says"],
    "Components": ["test_it_starts_what_the_brief_says"],
    "Data Flow": ["test_data_flow_every_status_is_one_of_the_six_and_never_goes_back"],
    "Configuration": ["test_each_variable_is_a_setting_and_every_value_is_allowed"],
    "Environment Variables": ["without_any_variable_the_defaults_hold"],
    "Data Mounting": ["test_the_brief_s_ports_users_and_mounts"],
    "Model Storage": ["test_model_storage_names_kind_job_and_time",
                      "test_model_storage_holds_the_model_and_the_mappings"],
    "Monitoring": ["test_30_monitoring_logs_of_the_training_worker"],
    "Training Status Values": ["test_data_flow_every_status_is_one_of_the_six_and_never_goes_back"],
    "Logs": ["test_30_monitoring_logs_of_the_training_worker"],
    "RabbitMQ Management": ["test_31_monitoring_rabbitmq_management"],
    "Troubleshooting": ["test_troubleshooting_a_failed_training_says_why"],
    "Common Issues": ["test_the_brief_s_issues_and_tips_are_there",
                      "test_troubleshooting_data_not_found_is_told_at_once"],
    "Performance Tips": ["test_performance_tips_window_and_sample_can_be_set"],
    "Extending the System": ["test_the_served_api_and_page_show_the_new_kind_and_metric"],
    "Adding New Models": ["test_metrics_of_the_new_kind_agree_with_the_twin"],
    "Custom Metrics": ["test_new_metric_stands_in_the_table"],
    "Data Sources": ["test_new_source_gives_what_csv_gives"],
    "Security Considerations": ["test_security_jobs_belong_to_their_user",
                                "test_40_security_users_see_their_own_jobs_only"],
    "Performance Benchmarks": ["its table compares popular and ALS on a directory given"],
}


class Sections(unittest.TestCase):
    def test_each_heading_of_the_brief_is_in_the_table(self):
        text = re.sub(r"```.*?```", "", shared_text("product-brief.md"), flags=re.DOTALL)
        self.assertEqual(re.findall(r"^##+ (.*?)\s*$", text, re.MULTILINE), list(SECTIONS))

    def test_each_test_of_the_table_exists(self):
        sources = "\n".join(path.read_text() for kind in ("py", "c", "sh")
                            for path in TESTS.rglob(f"*.{kind}") if path != Path(__file__).resolve())
        for section, names in SECTIONS.items():
            self.assertTrue(names, section)
            for name in names:
                said = [f"def {name}(", f"void {name}(", f'"{name}"']
                self.assertTrue(any(words in sources for words in said), f"{section}: {name}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
