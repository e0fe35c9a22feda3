-- id: lambda-runtime-end-of-life
-- title: Functions on a runtime that is deprecated
-- severity: medium
-- types: aws_lambda_function
-- remediation: Move the function to a runtime of today.
-- docs: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
SELECT resource_key, concat(runtime, ' is deprecated') AS reason, runtime
FROM aws_lambda_function
WHERE array_has($ended_runtimes, runtime)
