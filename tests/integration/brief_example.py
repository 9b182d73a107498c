from training_example import TrainingClient

client = TrainingClient()
client.login("test@example.com", "123")

# Start training
job_id = client.start_training(
    model_type="als",
    data_path="/data",
    iterations=15,
    factors=80
)

# Wait for completion
result = client.wait_for_completion(job_id)
print(f"F1@40: {result['metrics']['f1_at_k']:.4f}")
