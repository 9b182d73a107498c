#ifndef API_PASSWORD_WORDS_H
#define API_PASSWORD_WORDS_H

/* Inside of api/: " abcd alphabet …", for password_check. */
extern const char password_words[];

#endif
