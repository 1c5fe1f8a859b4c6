"""The compiled bodies of cases/multiscan."""
