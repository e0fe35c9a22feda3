-- Alarms of CloudWatch.
SELECT
    coalesce(properties->>'AlarmName', name) AS name, -- The name that the service knows it by, whatever its tags say. [AlarmName]
    properties->>'StateValue' AS state_value, -- What it says: OK, ALARM or INSUFFICIENT_DATA. [StateValue]
    properties->>'EvaluationState' AS evaluation_state, -- Whether it could be worked out: PARTIAL_DATA, EVALUATION_ERROR and others. [EvaluationState]
    CAST(properties->>'ActionsEnabled' AS BOOLEAN) AS actions_enabled, -- Whether it does anything. [ActionsEnabled]
    CAST(properties->>'AlarmConfigurationUpdatedTimestamp' AS TIMESTAMP(6)) AS alarm_configuration_updated_timestamp, -- When it was last changed. [AlarmConfigurationUpdatedTimestamp]
    properties->>'AlarmDescription' AS alarm_description, -- What it is for, in its maker's words. [AlarmDescription]
    properties->>'ComparisonOperator' AS comparison_operator, -- How the metric is compared with the threshold. [ComparisonOperator]
    CAST(properties->>'DatapointsToAlarm' AS BIGINT) AS datapoints_to_alarm, -- How many periods must breach it. [DatapointsToAlarm]
    properties->>'EvaluateLowSampleCountPercentile' AS evaluate_low_sample_count_percentile, -- What becomes of percentiles of few samples: evaluate or ignore. [EvaluateLowSampleCountPercentile]
    CAST(properties->>'EvaluationPeriods' AS BIGINT) AS evaluation_periods, -- Of how many periods. [EvaluationPeriods]
    properties->>'ExtendedStatistic' AS extended_statistic, -- The percentile that is compared. [ExtendedStatistic]
    properties->>'MetricName' AS metric_name, -- The metric. [MetricName]
    properties->>'Namespace' AS namespace, -- Its namespace. [Namespace]
    CAST(properties->>'Period' AS BIGINT) AS period, -- How long a period is, in seconds. [Period]
    properties->>'StateReason' AS state_reason, -- Why it says so, in words. [StateReason]
    properties->>'StateReasonData' AS state_reason_data, -- The same as JSON. [StateReasonData]
    CAST(properties->>'StateUpdatedTimestamp' AS TIMESTAMP(6)) AS state_updated_timestamp, -- When that was last worked out. [StateUpdatedTimestamp]
    CAST(properties->>'StateTransitionedTimestamp' AS TIMESTAMP(6)) AS state_transitioned_timestamp, -- When it began to say so. [StateTransitionedTimestamp]
    properties->>'Statistic' AS statistic, -- The statistic that is compared, such as Average. [Statistic]
    CAST(properties->>'Threshold' AS DOUBLE) AS threshold, -- What it is compared with. [Threshold]
    properties->>'ThresholdMetricId' AS threshold_metric_id, -- The band that it is compared with. [ThresholdMetricId]
    properties->>'TreatMissingData' AS treat_missing_data, -- What periods without data count as. [TreatMissingData]
    properties->>'Unit' AS unit, -- The unit of the metric. [Unit]
    properties->'AlarmActions' AS alarm_actions, -- What is done when it begins to say ALARM. [AlarmActions]
    properties->'Dimensions' AS dimensions, -- Whose metric it is. [Dimensions]
    properties->'InsufficientDataActions' AS insufficient_data_actions, -- What is done when it begins to say INSUFFICIENT_DATA. [InsufficientDataActions]
    properties->'Metrics' AS metrics, -- The metrics that it is worked out from. [Metrics]
    properties->'OKActions' AS ok_actions, -- What is done when it begins to say OK. [OKActions]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_cloudwatch_alarm'
