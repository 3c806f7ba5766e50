"""Models after training: exported in Hugging Face format, averaged, and what they write."""
