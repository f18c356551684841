DROP TABLE platform.operator_tokens;
